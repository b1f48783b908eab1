// What a client of Microsoft's SDK for JavaScript asks for; the same in Node and in a page.
// Each task returns what it heard, as JSON.

export function tasks(sdk) {
  function config(kind, where) {
    const made = kind === "translation"
      ? sdk.SpeechTranslationConfig.fromEndpoint(new URL(where.endpoint), "any")
      : sdk.SpeechConfig.fromEndpoint(new URL(where.endpoint), "any");
    made.speechRecognitionLanguage = "en-US";
    return made;
  }

  function open() {
    return sdk.AudioInputStream.createPushStream(sdk.AudioStreamFormat.getWaveFormatPCM(16000, 16, 1));
  }

  function write(stream, pcm) {
    stream.write(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.byteLength));
  }

  function audio(pcm) {
    const stream = open();
    write(stream, pcm);
    stream.close();
    return sdk.AudioConfig.fromStreamInput(stream);
  }

  function once(recognizer) {
    return new Promise((resolve, reject) => recognizer.recognizeOnceAsync(resolve, reject));
  }

  return {
    // Everything that is said, translated, with its voices.
    async translate(where, pcm) {
      const wanted = config("translation", where);
      wanted.addTargetLanguage("fr");
      wanted.voiceName = "fr-FR-DeniseNeural";
      const recognizer = new sdk.TranslationRecognizer(wanted, audio(pcm));
      const heard = { texts: [], translations: [], voices: [] };
      let voice = 0;
      recognizer.recognized = (_, event) => {
        if (event.result.reason !== sdk.ResultReason.TranslatedSpeech) return;
        heard.texts.push(event.result.text);
        heard.translations.push(event.result.translations.get("fr"));
      };
      recognizer.synthesizing = (_, event) => {
        if (event.result.reason === sdk.ResultReason.SynthesizingAudio) voice += event.result.audio.byteLength;
        else if (event.result.reason === sdk.ResultReason.SynthesizingAudioCompleted) {
          heard.voices.push(voice);
          voice = 0;
        }
      };
      await new Promise((resolve, reject) => {
        recognizer.canceled = (_, event) => event.errorDetails ? reject(event.errorDetails) : resolve();
        recognizer.sessionStopped = resolve;
        recognizer.startContinuousRecognitionAsync(undefined, reject);
      });
      await new Promise((resolve) => recognizer.close(resolve, resolve));
      return heard;
    },

    // The same sentence said twice, each time asked for on its own.
    async recognizeEach(where, pcm) {
      const stream = open();
      const input = sdk.AudioConfig.fromStreamInput(stream);
      const recognizer = new sdk.SpeechRecognizer(config("speech", where), input);
      const texts = [];
      for (let time = 0; time < 2; time++) {
        write(stream, pcm);
        texts.push((await once(recognizer)).text);
      }
      await new Promise((resolve) => recognizer.close(resolve, resolve));
      return texts;
    },

    // A sentence with its alternatives and the place of each word.
    async detail(where, pcm) {
      const wanted = config("speech", where);
      wanted.outputFormat = sdk.OutputFormat.Detailed;
      wanted.requestWordLevelTimestamps();
      const recognizer = new sdk.SpeechRecognizer(wanted, audio(pcm));
      const result = await once(recognizer);
      await new Promise((resolve) => recognizer.close(resolve, resolve));
      const [best] = JSON.parse(result.json).NBest;
      return { text: result.text, words: best.Words.map((word) => word.Word) };
    },

    // A text, spoken; with the words that were reported.
    async speak(where) {
      const wanted = sdk.SpeechConfig.fromEndpoint(new URL(where.synthesis_endpoint), "any");
      wanted.speechSynthesisOutputFormat = sdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm;
      const synthesizer = new sdk.SpeechSynthesizer(wanted, null);
      const words = [];
      synthesizer.wordBoundary = (_, event) => words.push(event.text);
      const result = await new Promise((resolve, reject) =>
        synthesizer.speakTextAsync("Good morning", resolve, reject));
      await new Promise((resolve) => synthesizer.close(resolve, resolve));
      if (result.errorDetails) throw new Error(result.errorDetails);
      return { bytes: result.audioData.byteLength, words };
    },

    // A document, spoken for a client that names the host only; with everything that was reported.
    async speakDocument(where) {
      const wanted = sdk.SpeechConfig.fromHost(new URL(where.host), "any");
      wanted.speechSynthesisOutputFormat = sdk.SpeechSynthesisOutputFormat.Audio16Khz32KBitRateMonoMp3;
      wanted.setProperty(sdk.PropertyId.SpeechServiceResponse_RequestSentenceBoundary, "true");
      const synthesizer = new sdk.SpeechSynthesizer(wanted, null);
      const heard = { words: [], bookmarks: [], visemes: [] };
      synthesizer.wordBoundary = (_, event) => heard.words.push([event.text, event.boundaryType, event.textOffset]);
      synthesizer.bookmarkReached = (_, event) => heard.bookmarks.push([event.text, event.audioOffset]);
      synthesizer.visemeReceived = (_, event) => heard.visemes.push(event.visemeId);
      const result = await new Promise((resolve, reject) =>
        synthesizer.speakSsmlAsync(where.ssml, resolve, reject));
      await new Promise((resolve) => synthesizer.close(resolve, resolve));
      if (result.errorDetails) return { error: result.errorDetails };
      const begin = [...new Uint8Array(result.audioData).subarray(0, 2)];
      return { ...heard, begin, ticks: result.audioDuration };
    },

    // The names of all voices of a language.
    async voices(where) {
      const wanted = sdk.SpeechConfig.fromHost(new URL(where.host), "any");
      const synthesizer = new sdk.SpeechSynthesizer(wanted, null);
      const result = await synthesizer.getVoicesAsync("fr-FR");
      await new Promise((resolve) => synthesizer.close(resolve, resolve));
      if (result.errorDetails) throw new Error(result.errorDetails);
      return result.voices.map((voice) => voice.shortName);
    },
  };
}
