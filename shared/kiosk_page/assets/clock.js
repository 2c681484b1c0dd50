// The time that is left of a session: short without a touch, and never past what the server allows.

export class SessionClock {
  #timer = 0;
  #ends = 0;
  #latest;
  #seconds;

  // `latest`: the server's end, in milliseconds of this browser's monotonic clock.
  constructor({ seconds, latest, onTick, onEnd }) {
    this.#latest = latest;
    this.#seconds = seconds;
    this.onTick = onTick;
    this.onEnd = onEnd;
    this.touch();
    this.#timer = setInterval(() => this.#tick(), 250);
  }

  touch() {
    this.#ends = Math.min(performance.now() + this.#seconds * 1000, this.#latest);
    this.#tick();
  }

  // From here on, this long without a touch is enough.
  setLength(seconds) {
    this.#seconds = seconds;
    this.touch();
  }

  stop() {
    clearInterval(this.#timer);
    this.onTick = this.onEnd = () => {};
  }

  #tick() {
    const left = Math.max(0, this.#ends - performance.now());
    this.onTick(Math.ceil(left / 1000), left / (this.#seconds * 1000));
    if (left <= 0) {
      const end = this.onEnd;
      this.stop();
      end();
    }
  }
}
