import "i18next";
import type { en } from "./en";

// A key that is not in the English catalogue fails the type check, and with it the build.
declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
    returnNull: false;
  }
}
