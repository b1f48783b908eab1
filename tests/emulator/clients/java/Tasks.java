// java Tasks TASK HOST PCM: does a task with Microsoft's SDK for Java, and prints what it heard, a line each.

import com.microsoft.cognitiveservices.speech.*;
import com.microsoft.cognitiveservices.speech.audio.*;
import com.microsoft.cognitiveservices.speech.translation.*;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;

public class Tasks {
    public static void main(String[] arguments) throws Exception {
        URI host = URI.create(arguments[1]);
        PushAudioInputStream stream = AudioInputStream.createPushStream();
        AudioConfig audio = AudioConfig.fromStreamInput(stream);
        stream.write(Files.readAllBytes(Path.of(arguments[2])));
        stream.close();
        switch (arguments[0]) {
            case "translate" -> translate(host, audio);
            case "recognizeEach" -> recognizeEach(SpeechConfig.fromHost(host, "any"), audio);
            case "detail" -> detail(SpeechConfig.fromHost(host, "any"), audio);
            case "key" -> recognize(SpeechConfig.fromHost(host, arguments[3]), audio);
            case "token" -> recognize(withToken(host, arguments[3]), audio);
            case "speak" -> speak(SpeechConfig.fromHost(host, "any"));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.exit(0); // the SDK's threads may go on
    }

    // Everything that is said, with its translation; then the bytes of each voice.
    static void translate(URI host, AudioConfig audio) throws Exception {
        SpeechTranslationConfig config = SpeechTranslationConfig.fromHost(host, "any");
        config.setSpeechRecognitionLanguage("en-US");
        config.addTargetLanguage("fr");
        config.setVoiceName("fr-FR-DeniseNeural");
        TranslationRecognizer recognizer = new TranslationRecognizer(config, audio);
        Semaphore stopped = new Semaphore(0);
        int[] voice = {0};
        recognizer.recognized.addEventListener((sender, event) -> {
            TranslationRecognitionResult result = event.getResult();
            if (result.getReason() == ResultReason.TranslatedSpeech)
                print(result.getText() + " " + result.getTranslations().get("fr"));
        });
        recognizer.synthesizing.addEventListener((sender, event) -> {
            voice[0] += event.getResult().getAudio().length;
            if (event.getResult().getReason() == ResultReason.SynthesizingAudioCompleted) {
                print("voice " + voice[0]);
                voice[0] = 0;
            }
        });
        recognizer.sessionStopped.addEventListener((sender, event) -> stopped.release());
        recognizer.startContinuousRecognitionAsync().get();
        stopped.acquire();
        recognizer.stopContinuousRecognitionAsync().get();
    }

    static void recognizeEach(SpeechConfig config, AudioConfig audio) throws Exception {
        SpeechRecognizer recognizer = new SpeechRecognizer(config, audio);
        for (int time = 0; time < 2; time++) {
            SpeechRecognitionResult result = recognizer.recognizeOnceAsync().get();
            print(result.getText());
        }
    }

    // One sentence, or why it was refused.
    static void recognize(SpeechConfig config, AudioConfig audio) throws Exception {
        SpeechRecognitionResult result = new SpeechRecognizer(config, audio).recognizeOnceAsync().get();
        if (result.getReason() == ResultReason.Canceled)
            print(CancellationDetails.fromResult(result).getErrorCode().toString());
        else
            print(result.getText());
    }

    static SpeechConfig withToken(URI host, String token) {
        SpeechConfig config = SpeechConfig.fromHost(host);
        config.setAuthorizationToken(token);
        return config;
    }

    static void detail(SpeechConfig config, AudioConfig audio) throws Exception {
        config.setOutputFormat(OutputFormat.Detailed);
        config.requestWordLevelTimestamps();
        SpeechRecognizer recognizer = new SpeechRecognizer(config, audio);
        SpeechRecognitionResult result = recognizer.recognizeOnceAsync().get();
        print(result.getProperties().getProperty(PropertyId.SpeechServiceResponse_JsonResult));
    }

    static void speak(SpeechConfig config) throws Exception {
        config.setSpeechSynthesisOutputFormat(SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm);
        SpeechSynthesizer synthesizer = new SpeechSynthesizer(config, null);
        synthesizer.WordBoundary.addEventListener((sender, event) -> print(event.getText()));
        SpeechSynthesisResult result = synthesizer.SpeakText("Good morning");
        print(result.getReason() + " " + result.getAudioLength());
    }

    static synchronized void print(String line) {
        System.out.println(line);
    }
}
