#!/usr/bin/env python3
"""Writes src/tasks/tabular-data.ts from the data sets inside a wheel of scikit-learn.

    pip download --no-deps --only-binary=:all: scikit-learn==1.9.1 && python3 scripts/convert-tabular.py scikit_learn-*.whl

Every number is kept exactly: each column as integers over a power of ten, three bytes each.
"""
import base64
import gzip
import sys
import zipfile
import zlib
from decimal import Decimal
from pathlib import Path

FOLDER = 'sklearn/datasets/data/'
OUTPUT = Path(__file__).parent.parent / 'src' / 'tasks' / 'tabular-data.ts'
SOURCES = {
    'WINE': 'Wine (S. Aeberhard, M. Forina; UCI Machine Learning Repository, 1991, doi:10.24432/C5PC7J), CC BY 4.0: 13 features, then the class.',
    'BREAST_CANCER': 'Breast Cancer Wisconsin, Diagnostic (W. Wolberg, O. Mangasarian, N. Street, W. Street; UCI Machine Learning Repository, 1993, '
                     'doi:10.24432/C5DW2B), CC BY 4.0: 30 features, then the class.',
    'IRIS': 'Iris (R. A. Fisher; UCI Machine Learning Repository, 1936, doi:10.24432/C56C76), CC BY 4.0: 4 features, then the class.',
    'DIABETES': 'Diabetes (B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, "Least angle regression", 2004): 10 features, then the target.',
}


def read_tables(wheel: zipfile.ZipFile) -> dict[str, list[list[str]]]:
    def table(name: str) -> list[list[str]]:
        return [line.split(',') for line in wheel.read(FOLDER + name).decode().split()[1:]]

    def zipped(name: str) -> list[list[str]]:
        return [line.split() for line in gzip.decompress(wheel.read(FOLDER + name)).decode().splitlines()]

    features, targets = zipped('diabetes_data_raw.csv.gz'), zipped('diabetes_target.csv.gz')
    diabetes = [row + target for row, target in zip(features, targets, strict=True)]
    return {'WINE': table('wine_data.csv'), 'BREAST_CANCER': table('breast_cancer.csv'), 'IRIS': table('iris.csv'), 'DIABETES': diabetes}


def pack(rows: list[list[str]]) -> tuple[list[int], str]:
    """Decimals of each column, and all columns as three planes of bytes, lowest first, deflated, in base64."""
    decimals, planes = [], [bytearray(), bytearray(), bytearray()]
    for column in zip(*rows, strict=True):
        numbers = [Decimal(text).normalize() for text in column]
        places = max(max(0, -number.as_tuple().exponent) for number in numbers)
        integers = [int(number.scaleb(places)) for number in numbers]
        assert 0 <= min(integers) and max(integers) < 1 << 24
        decimals.append(places)
        for p, plane in enumerate(planes):
            plane.extend(n >> (8 * p) & 255 for n in integers)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return decimals, base64.b64encode(deflate.compress(b''.join(planes)) + deflate.flush()).decode()


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        tables = read_tables(wheel)
    lines = [
        '/**',
        ' * Small tables of real data, taken unchanged from scikit-learn\'s copies by `scripts/convert-tabular.py`. Each column is kept as',
        ' * integers over a power of ten: all columns one after the other, their lowest bytes, then the middle, then the highest; raw',
        ' * deflate, base64.',
        ' */',
        'export interface PackedTable {',
        '  readonly numRows: number;',
        '  /** Digits behind the point of each column. */',
        '  readonly decimals: readonly number[];',
        '  readonly deflated: string;',
        '}',
    ]
    for name, rows in tables.items():
        decimals, packed = pack(rows)
        lines += ['', f'/** {SOURCES[name]} */', f'export const {name}: PackedTable = {{', f'  numRows: {len(rows)},', f'  decimals: {decimals},', f"  deflated: '{packed}',", '};']
    OUTPUT.write_text('\n'.join(lines) + '\n')


main()
