// The command as it lies in its modules; scripts/launch.ts and scripts/snapshot.ts run the one that is put together.
import { runProgram } from "./program.ts";

void runProgram();
