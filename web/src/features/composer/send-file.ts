import { reportIfSignedOut } from "@/api/client";
import { Problem, problemOf, UNREACHABLE } from "@/api/problem";
import type { Media } from "@/api/types";
import type { SendFile } from "./uploads";

/** Uploads one file. `fetch` tells no progress of what it sends, so this is an XMLHttpRequest. */
export const sendFile =
  (workspace: string): SendFile =>
  (file, onProgress, signal) =>
    new Promise<Media>((resolve, reject) => {
      const request = new XMLHttpRequest();
      const unreachable = () => reject(new Problem({ status: 0, code: UNREACHABLE }));
      request.open("POST", `/api/v1/workspaces/${encodeURIComponent(workspace)}/media`);
      request.setRequestHeader("accept", "application/json");
      request.upload.onprogress = (event) => {
        if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
      };
      request.onerror = unreachable;
      request.ontimeout = unreachable;
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      request.onload = () => {
        const body = json(request.responseText);
        if (request.status === 201 && body) return resolve(body as Media);
        const headers = new Headers();
        const wait = request.getResponseHeader("retry-after");
        if (wait) headers.set("retry-after", wait);
        const problem = problemOf({ status: request.status, headers }, body);
        reportIfSignedOut(problem);
        reject(problem);
      };
      signal.addEventListener("abort", () => request.abort(), { once: true });
      const form = new FormData();
      form.append("file", file, file.name || "file");
      request.send(form);
    });

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
