import { i18n } from ".";
import { bulk } from "./en/bulk";
import { evergreen } from "./en/evergreen";
import { slots } from "./en/slots";

// Imported for this by the pages that say these words: the first that is seen says none of them.
i18n.addResourceBundle("en", "translation", { bulk, evergreen, slots }, true);
