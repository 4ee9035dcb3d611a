import {expect} from 'chai';
import {progressLine, progressReporter} from '../../src/cli/progress.js';

class FakeStream {
  readonly written: string[] = [];
  constructor(readonly isTTY: boolean, readonly columns = 80) {}
  write(text: string): void {
    this.written.push(text);
  }
}

const CLEAR = '\r\u001b[2K';

function withoutClearing(text: string): string {
  expect(text.startsWith(CLEAR)).to.equal(true);
  return text.slice(CLEAR.length);
}

const at = (stepsDone: number) => ({phase: 'training', stepsDone, stepsTotal: 100});

describe('progress', () => {
  it('estimates the time left from the time gone', () => {
    expect(progressLine(at(25), 10)).to.equal('██████░░░░░░░░░░░░░░░░░░  25 %  30 s left  training');
    expect(progressLine(at(0), 1)).to.include('  0 %  estimating');
    expect(progressLine(at(100), 10)).to.include('100 %  0.0 s left');
  });

  it('shortens the bar where the words need its place', () => {
    const stream = new FakeStream(true, 50);
    progressReporter(stream, () => 0).update({...at(50), phase: '1234567890'.repeat(2), secondsLeft: 3});
    expect(withoutClearing(stream.written[0]!)).to.equal('█████░░░░  50 %  3.0 s left  12345678901234567890');
  });

  it('rewrites one line on a terminal, at most every tenth of a second, and takes it away', () => {
    const stream = new FakeStream(true, 40);
    let time = 0;
    const reporter = progressReporter(stream, () => time);
    for (const step of [1, 2, 3, 4, 5]) {
      time += 60;
      reporter.update(at(step));
    }
    expect(stream.written).to.have.length(3);
    for (const text of stream.written) expect(withoutClearing(text)).to.match(/^[^\n]{1,39}$/);
    reporter.clear();
    reporter.clear();
    expect(stream.written.slice(3)).to.deep.equal([CLEAR]);
  });

  it('writes plain lines now and then elsewhere, and always the last', () => {
    const stream = new FakeStream(false);
    let time = 0;
    const reporter = progressReporter(stream, () => time);
    for (let step = 1; step <= 100; step++) {
      time += 250;
      reporter.update(at(step));
    }
    reporter.clear();
    expect(stream.written).to.have.length(3);
    for (const text of stream.written) expect(text).to.match(/^[^\p{Cc}]+\n$/u);
    expect(stream.written[2]).to.include('100 %');
  });
});
