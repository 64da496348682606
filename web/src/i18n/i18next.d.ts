import "i18next";
import type { Words } from "./en";

// A key that is not in the English catalogue fails the type check, and with it the build.
declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: Words };
    returnNull: false;
  }
}
