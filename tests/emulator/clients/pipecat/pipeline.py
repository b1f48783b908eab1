"""python pipeline.py ADDRESS KEY < PCM: hears 16 kHz audio and repeats it; prints what happens, as JSON."""

import asyncio
import json
import sys

from pipecat.frames import frames
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.azure.stt import AzureSTTService
from pipecat.services.azure.tts import AzureTTSService
from pipecat.workers.runner import WorkerRunner

ADDRESS, KEY = sys.argv[1:]
PCM = sys.stdin.buffer.read()
SENTENCES = 2


class Parrot(FrameProcessor):
    """Says each sentence again, and stops when the last was said."""

    said = 0

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, frames.TranscriptionFrame):
            tell("final", frame.text)
            await self.pipeline_worker.queue_frame(frames.TTSSpeakFrame(frame.text))
        elif isinstance(frame, frames.InterimTranscriptionFrame):
            tell("interim", frame.text)
        elif isinstance(frame, frames.TTSTextFrame):
            tell("word", frame.text)
        elif isinstance(frame, frames.TTSAudioRawFrame):
            tell("bytes", len(frame.audio))
        elif isinstance(frame, frames.TTSStoppedFrame):
            self.said += 1
            if self.said == SENTENCES:
                await self.pipeline_worker.stop_when_done()
        await self.push_frame(frame, direction)


def tell(kind, what):
    print(json.dumps([kind, what]), flush=True)


async def main():
    stt = AzureSTTService(api_key=KEY, private_endpoint=f"{ADDRESS}/speech/universal/v2")
    voice = f"{ADDRESS}/tts/cognitiveservices/websocket/v1"
    tts = AzureTTSService(api_key=KEY, private_endpoint=voice, sample_rate=16000)
    worker = PipelineWorker(Pipeline([stt, tts, Parrot()]))

    @worker.event_handler("on_pipeline_error")
    async def failed(_, frame):
        tell("error", frame.error)
        await worker.cancel()

    await worker.queue_frame(frames.InputAudioRawFrame(PCM, 16000, 1))
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()


asyncio.run(main())
