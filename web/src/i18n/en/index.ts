import { admin } from "./admin";
import { auth } from "./auth";
import { bulk } from "./bulk";
import { calendar } from "./calendar";
import { channels } from "./channels";
import { common } from "./common";
import { composer } from "./composer";
import { connect } from "./connect";
import { evergreen } from "./evergreen";
import { invite, inviteLinks } from "./invite";
import { notices } from "./notices";
import { post } from "./post";
import { settings } from "./settings";
import { shell } from "./shell";
import { slots } from "./slots";
import { welcome } from "./welcome";

export const en = {
  admin,
  auth,
  bulk,
  calendar,
  channels,
  common,
  composer,
  connect,
  evergreen,
  invite,
  inviteLinks,
  notices,
  post,
  settings,
  shell,
  slots,
  welcome,
} as const;
