import { auth } from "./auth";
import { channels } from "./channels";
import { common } from "./common";
import { connect } from "./connect";
import { shell } from "./shell";

export const en = { auth, channels, common, connect, shell } as const;
