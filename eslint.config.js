import js from '@eslint/js';
import {defineConfig, globalIgnores} from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['dist/', '**/*.wasm.ts', 'src/tasks/*-data.ts', 'runs/', 'coverage/', 'test/package/consumers/']),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    rules: {
      // The compiler knows undefined names better.
      'no-undef': 'off',
      'eqeqeq': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'no-restricted-properties': ['error', {object: 'Math', property: 'random', message: 'Use the seeded generator of src/random.ts.'}],
      'no-restricted-imports': ['error', {paths: [{name: '@tensorflow/tfjs', message: 'Import from @tensorflow/tfjs-core or @tensorflow/tfjs-layers.'}]}],
      '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // noUncheckedIndexedAccess makes every index optional: `!` says that a bound was checked.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true, allowBoolean: true}],
      '@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true, ignoreVoidOperator: true}],
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}],
      // Index loops over typed arrays read better where several arrays move together.
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/array-type': 'off',
      // Opaque handles are given out by their interface, and cast back by the class that made them.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // TF.js takes enums that it does not export.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: {'no-console': 'error'},
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', {max: 350, skipBlankLines: true, skipComments: true}],
      'no-restricted-syntax': ['error', {selector: 'ExportDefaultDeclaration', message: 'Named exports only.'}],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },
  {
    files: ['test/**/*.ts'],
    // chai's assertions are expressions.
    rules: {'@typescript-eslint/no-unused-expressions': 'off'},
  },
  {
    files: ['scripts/**', 'recipes/**', 'bench/**', 'examples/**'],
    // It takes a flag that a function or a signal handler sets for a constant.
    rules: {'@typescript-eslint/no-unnecessary-condition': 'off'},
  },
  {files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked]},
);
