import { admin } from "./admin";
import { auth } from "./auth";
import { calendar } from "./calendar";
import { channels } from "./channels";
import { common } from "./common";
import { composer } from "./composer";
import { connect } from "./connect";
import { invite, inviteLinks } from "./invite";
import { notices } from "./notices";
import { post } from "./post";
import { settings } from "./settings";
import { shell } from "./shell";
import { welcome } from "./welcome";

export const en = {
  admin,
  auth,
  calendar,
  channels,
  common,
  composer,
  connect,
  invite,
  inviteLinks,
  notices,
  post,
  settings,
  shell,
  welcome,
} as const;
