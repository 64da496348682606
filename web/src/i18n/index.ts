import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";

// The catalogue is part of the bundle, so this is ready before the first render.
void i18n.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false },
  returnNull: false,
  initAsync: false,
});

export { i18n };
export const t = i18n.t.bind(i18n);
