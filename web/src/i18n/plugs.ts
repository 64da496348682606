import { i18n } from ".";
import { plugs } from "./en/plugs";

// Imported for this by what says these words, all of which comes later than the first page.
i18n.addResourceBundle("en", "translation", { plugs }, true);
