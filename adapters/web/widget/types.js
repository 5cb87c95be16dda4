/**
 * Shapes of PROTOCOL.md, for JSDoc only: nothing imports this file at run time.
 *
 * @typedef {{t: string, c?: Node[], b?: Node[], text?: string, href?: string, n?: number, level?: number,
 *   start?: number|null, items?: Node[][], rows?: Node[][][]}} Node  a node of the reply tree
 * @typedef {{number: number, title: string, url: string, heading: string, quote: string}} Citation
 * @typedef {{id: string, name: string, media_type: string, size_bytes: number, url?: string|null}} Attachment
 * @typedef {{id: string, position: string, role: "contact"|"bot"|"agent"|"system", kind: "text"|"notice"|"csat_request",
 *   text: string, blocks: Node[], citations: Citation[], choices: string[], proposal: string|null,
 *   attachments: Attachment[], author: string|null, turn_id: string|null, created_at: string, interrupted: boolean}} View
 * @typedef {{key: string, text: string, attachments: Attachment[], at: string, state: "queued"|"sent"|"failed",
 *   id?: string, problem?: string}} Pending  a message of ours that is not yet in the server's log
 * @typedef {{account: string, name: string, greeting: string, accent: string, suggestions: string[], ai_label: string,
 *   staffed: boolean, locale: string, max_text: number, max_attachments: number, max_upload_bytes: number,
 *   csat: boolean}} Config
 * @typedef {{token: string, conv: string, expires: number, config: Config, active: boolean}} Session
 * @typedef {{phase: "starting"|"ready"|"failed", online: boolean, connected: boolean, open: boolean,
 *   config: Config|null, owner: string, status: string, agent: string|null, staffed: boolean, csat: number|null,
 *   typing: string|null, tool: boolean, preview: {turn_id: string, text: string, blocks: Node[]}|null, asking: boolean,
 *   unread: number, notice: string}} State
 */
export {};
