/** How loud a sound is now. */

const FLOOR_DECIBEL = -60;

export class Loudness {
  /**
   * @param {AudioContext} context
   * @param {MediaStreamTrack} track
   */
  constructor(context, track) {
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.analyser = new AnalyserNode(context, { fftSize: 1024 });
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source.connect(this.analyser);
  }

  /** The root mean square of the last 20 ms, in decibels of full scale; -60 or more. */
  get decibel() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, sample) => sum + sample * sample, 0) / this.samples.length;
    return Math.max(FLOOR_DECIBEL, 10 * Math.log10(power));
  }

  close() {
    this.source.disconnect();
  }
}

/** A loudness in decibels as a part of a scale, from 0 to 1. */
export const asLevel = (decibel) => Math.min(1, (decibel - FLOOR_DECIBEL) / -FLOOR_DECIBEL);
