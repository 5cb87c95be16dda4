/** Uploads with progress: the one thing fetch cannot tell. */

import { Problem } from "./api.js";

function attempt(file, token, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name || "file");
    request.open("POST", "/v1/web/uploads");
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = request.onabort = () => reject(new Problem(0));
    request.onload = () =>
      request.status === 201
        ? resolve(request.response)
        : reject(new Problem(request.status, request.response ?? {}, request.getResponseHeader("Retry-After") ?? ""));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/**
 * Upload one file; resolves to an attachment as the log shows it.
 * @param {any} api
 * @param {File} file
 * @param {(share: number) => void} onProgress
 * @param {AbortSignal} signal
 */
export async function upload(api, file, onProgress, signal) {
  const done = await api.withToken((token) => attempt(file, token, onProgress, signal));
  return { id: done.upload_id, name: done.name, media_type: done.media_type, size_bytes: done.size_bytes };
}
