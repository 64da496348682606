import { i18n } from ".";
import { abilities, afterwards, numbers } from "./en/numbers";

// Imported for this by what says these words, all of which comes later than the first page.
i18n.addResourceBundle("en", "translation", { abilities, afterwards, numbers }, true);
