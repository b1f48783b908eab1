/**
 * Measures what the page plays, where it leaves the page: put into the page before its own modules.
 *
 * `heard` has an entry for each sound every 20 ms: [time in ms since 1970, participant, level before the page's volume,
 * level after it], as root mean squares of 1024 samples.
 */
(() => {
  const EVERY_MS = 20;
  const connect = AudioNode.prototype.connect;
  const feeds = new WeakMap();
  const taps = [];
  const names = new Map();
  window.heard = [];
  window.contexts = new Set();

  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioNode) feeds.set(target, this);
    if (target instanceof AudioDestinationNode) tap(this);
    return connect.call(this, target, ...rest);
  };

  // LiveKit's name of a stream begins with the sid of its participant: "PA_1|…".
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", ({ track, streams }) => names.set(track.id, streams[0]?.id.split("|")[0]));
    }
  };

  function tap(volume) {
    const source = feeds.get(volume);
    if (!source?.mediaStream) return;
    window.contexts.add(volume.context);
    const [before, after] = [source, volume].map((node) => {
      const analyser = new AnalyserNode(node.context, { fftSize: 1024 });
      connect.call(node, analyser);
      return analyser;
    });
    taps.push({ track: source.mediaStream.getAudioTracks()[0], before, after });
  }

  const samples = new Float32Array(1024);
  function level(analyser) {
    analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  }

  setInterval(() => {
    for (const { track, before, after } of taps) {
      if (track.readyState === "live") window.heard.push([Date.now(), names.get(track.id), level(before), level(after)]);
    }
  }, EVERY_MS);
})();
