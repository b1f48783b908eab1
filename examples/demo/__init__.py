"""Parts of `interpret_file.py`, the demo. No other example needs them.

sample/            the recording, its translations, and the script that made both
file_audio.py      a file as a microphone, a recording as a loudspeaker, a stereo WAV
sample_session.py  an AgentSession that hears a recording, with Azure or the emulator
service_watch.py   whether the services answer
timeline.py        what was said and heard, as a picture
interruptible.py   Ctrl-C
"""
