/** The connection to the meeting's room. */

import {
  ConnectionState, DisconnectReason, ParticipantKind, Room, RoomEvent, Track,
} from "./vendor/livekit-client/livekit-client.esm.mjs";
import { Interpreters, isInterpreter } from "./interpreter.js";

const CHANGES = [
  RoomEvent.ParticipantConnected, RoomEvent.ParticipantDisconnected, RoomEvent.ParticipantAttributesChanged,
  RoomEvent.ParticipantNameChanged, RoomEvent.TrackPublished, RoomEvent.TrackUnpublished, RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed, RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
];
const BEHALF = "lk.publish_on_behalf";
const TRANSCRIPTION = "lk.transcription";

/**
 * Events: "change" (who is here, and what they do), "speaking", "connection", "caption" (detail: see
 * captions.js), "playback" (the browser blocks sound, or does no more), "end" (detail: why).
 */
export class Meeting extends EventTarget {
  /** @param {AudioContext} context All sound passes through it: also phones then permit volumes. */
  constructor(context) {
    super();
    this.room = new Room({
      adaptiveStream: true,
      dynacast: true,
      webAudioMix: { audioContext: context },
      audioCaptureDefaults: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    for (const event of CHANGES) this.room.on(event, () => this.#tell("change"));
    this.room.on(RoomEvent.ActiveSpeakersChanged, () => this.#tell("speaking"));
    this.room.on(RoomEvent.ConnectionStateChanged, () => this.#tell("connection"));
    this.room.on(RoomEvent.AudioPlaybackStatusChanged, () => this.#tell("playback"));
    this.room.on(RoomEvent.Disconnected, (reason) => this.#ended(reason));
    this.room.on(RoomEvent.TrackSubscribed, (track) => this.#play(track));
    this.room.on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((player) => player.remove()));
    this.room.registerTextStreamHandler(TRANSCRIPTION, (reader, { identity }) => this.#read(reader, identity));
  }

  async connect({ server_url: url, participant_token: token }) {
    await this.room.connect(url, token);
    this.#tell("change");
  }

  get me() {
    return this.room.localParticipant;
  }

  /** Everybody else: people, and assistants. Interpreters and avatars are not among them. */
  get others() {
    const everybody = [...this.room.remoteParticipants.values()];
    return everybody.filter((one) => !isInterpreter(one) && !one.attributes[BEHALF]);
  }

  get interpreters() {
    return new Interpreters(this.room.remoteParticipants.values());
  }

  /** Pictures of others: of an interpreted voice's face, or of a camera. */
  get videos() {
    return [...this.room.remoteParticipants.values()].flatMap((participant) =>
      [...participant.videoTrackPublications.values()]
        .filter(({ track, isMuted }) => track && !isMuted)
        .map(({ track }) => ({ track, participant, behalf: participant.attributes[BEHALF] })));
  }

  /** All sounds that can be heard, as {track, sid, identity, source}. */
  get sounds() {
    return [...this.room.remoteParticipants.values()].flatMap((participant) =>
      [...participant.audioTrackPublications.values()]
        .filter(({ track }) => track)
        .map(({ track, trackSid: sid }) => ({ track, sid, identity: participant.identity })));
  }

  get isReconnecting() {
    const { state } = this.room;
    return state === ConnectionState.Reconnecting || state === ConnectionState.SignalReconnecting;
  }

  get isMicrophoneOn() {
    return this.me.isMicrophoneEnabled;
  }

  /** @throws {DOMException} The browser or the person refuses the microphone. */
  async switchMicrophone(on, deviceId) {
    await this.me.setMicrophoneEnabled(on, deviceId ? { deviceId } : undefined);
    this.#tell("change");
  }

  async useDevice(deviceId) {
    await this.room.switchActiveDevice("audioinput", deviceId);
  }

  async setAttributes(attributes) {
    await this.me.setAttributes(attributes);
    this.#tell("change");
  }

  leave() {
    return this.room.disconnect();
  }

  #play(track) {
    if (track.kind !== Track.Kind.Audio) return;
    const player = track.attach();
    player.hidden = true;
    document.body.append(player);
  }

  async #read(reader, identity) {
    const { id, attributes } = reader.info;
    const words = await reader.readAll();
    this.dispatchEvent(new CustomEvent("caption", { detail: { id, identity, words, attributes: attributes ?? {} } }));
  }

  #ended(reason) {
    document.querySelectorAll("body > audio").forEach((player) => player.remove());
    this.dispatchEvent(new CustomEvent("end", { detail: DisconnectReason[reason] ?? "" }));
  }

  #tell(type) {
    this.dispatchEvent(new Event(type));
  }
}

export const isAssistant = ({ kind }) => kind === ParticipantKind.AGENT;
