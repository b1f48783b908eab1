// node node.mjs TASK WHERE < PCM: does a task in Node, and prints what it heard.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tasks } from "./tasks.mjs";

const sdk = createRequire(process.env.SPEECH_SDK)("microsoft-cognitiveservices-speech-sdk");
const [, , task, where] = process.argv;
const heard = await tasks(sdk)[task](JSON.parse(where), readFileSync(0));
console.log(JSON.stringify(heard));
process.exit(0);
