import type { admin } from "./admin";
import { auth } from "./auth";
import type { bulk } from "./bulk";
import { calendar } from "./calendar";
import { channels } from "./channels";
import { common } from "./common";
import type { composer } from "./composer";
import type { connect } from "./connect";
import type { evergreen } from "./evergreen";
import type { invite, inviteLinks } from "./invite";
import { notices } from "./notices";
import type { abilities, afterwards, numbers } from "./numbers";
import type { plugs } from "./plugs";
import { post } from "./post";
import { settings } from "./settings";
import { shell } from "./shell";
import type { slots } from "./slots";
import { welcome } from "./welcome";

export const en = {
  auth,
  calendar,
  channels,
  common,
  notices,
  post,
  settings,
  shell,
  welcome,
} as const;

/** Every word there is; those that are not in `en` come with the pages that say them (see `../administering` and its like). */
export type Words = typeof en & {
  abilities: typeof abilities;
  afterwards: typeof afterwards;
  numbers: typeof numbers;
  admin: typeof admin;
  bulk: typeof bulk;
  composer: typeof composer;
  connect: typeof connect;
  evergreen: typeof evergreen;
  invite: typeof invite;
  inviteLinks: typeof inviteLinks;
  plugs: typeof plugs;
  slots: typeof slots;
};
