import "@/i18n/composing";
import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Finding } from "@/api/types";
import { bytes, duration } from "@/app/format";
import { ProblemView } from "@/components/problem-view";
import classes from "./alt-modal.module.css";
import type { ChannelFit } from "./findings";
import { FitList } from "./fit-list";
import { useShownMedia } from "./media-item";
import type { MediaItem } from "./model";
import { Picture } from "./picture";
import type { Upload } from "./uploads";

interface Props {
  item: MediaItem;
  files: ReadonlyMap<string, Upload>;
  findings: Finding[];
  fits: ChannelFit[];
  readOnly: boolean;
  onChange: (alt: string) => void;
  onClose: () => void;
}

/** A file large, with what is told to those who don't see it. */
export function AltModal({ item, files, findings, fits, readOnly, onChange, onClose }: Props) {
  const { t } = useTranslation();
  const shown = useShownMedia(item, files);
  const { media, upload } = shown;
  const facts = media
    ? [
        media.width && media.height ? `${media.width} × ${media.height}` : null,
        media.duration_ms ? duration(media.duration_ms) : null,
        media.frame_rate ? t("composer.media.frames", { rate: media.frame_rate }) : null,
        bytes(media.size),
        media.mime,
        media.codecs.join(", "),
      ]
    : [upload ? bytes(upload.file.size) : null, shown.mime];
  const words = (list: Finding[]) => list.map((finding) => `${finding.message} ${finding.fix}`).join(" ");
  const ofAlt = findings.filter((finding) => finding.pointer.endsWith("/alt"));
  const ofFile = words(findings.filter((finding) => !ofAlt.includes(finding)));
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("composer.media.altTitle")}
      size="lg"
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack gap="sm">
        <div className={classes.stage}>
          <Picture shown={shown} alt={item.alt || shown.name} className={classes.picture} full />
        </div>
        <Text size="xs" c="dimmed" className={classes.name}>
          {[shown.name, ...facts].filter(Boolean).join(" · ")}
        </Text>
        {fits.length > 0 && <FitList fits={fits} />}
        {ofFile && <Text size="sm">{ofFile}</Text>}
        {upload?.problem && <ProblemView error={upload.problem} />}
        {shown.error ? <ProblemView error={shown.error} /> : null}
        <Textarea
          label={t("composer.media.altLabel")}
          description={t("composer.media.altHint")}
          value={item.alt}
          onChange={(event) => onChange(event.currentTarget.value)}
          error={words(ofAlt) || undefined}
          readOnly={readOnly}
          autosize
          minRows={3}
          maxRows={10}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button onClick={onClose}>{t("composer.media.altDone")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
