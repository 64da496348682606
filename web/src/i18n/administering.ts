import { i18n } from ".";
import { admin } from "./en/admin";

// Imported for this by the pages that say these words: few ever open them.
i18n.addResourceBundle("en", "translation", { admin }, true);
