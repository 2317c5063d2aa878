/**
 * The shapes of the public interface, as far as the page uses them; `/api/docs` has them all.
 *
 * @typedef {{date: string} | {local: string, zone?: string}} When
 * @typedef {"open" | "in-progress" | "done" | "cancelled" | "skipped" | "missed"} Status
 * @typedef {"none" | "low" | "medium" | "high" | "urgent"} Priority
 * @typedef {"owner" | "admin" | "editor" | "commenter" | "viewer"} Role
 *
 * @typedef {{id: string, title: string, done: boolean}} ChecklistItem
 * @typedef {{type: string, task: string}} Link
 * @typedef {{
 *   id: string, workspace: string, project: string | null, section: string | null, parent: string | null,
 *   title: string, description: string, status: Status, priority: Priority, labels: string[], assignees: string[],
 *   start: When | null, due: When | null, estimate_minutes: number | null, order: string, checklist: ChecklistItem[],
 *   links: Link[], series: string | null, original?: string | null, postponed?: number, created_by?: string,
 *   created_at: string, updated_at: string, completed_at: string | null, trashed_at: string | null, trashed: boolean,
 *   version: number, position: number,
 * }} Task
 * @typedef {{id: string, name: string, order: string}} Section
 * @typedef {{
 *   id: string, workspace: string, name: string, description: string, colour: string, order: string,
 *   sections: Section[], created_at: string, updated_at: string, trashed_at: string | null, version: number, position: number,
 * }} Project
 * @typedef {{user: string, role: Role, since: string}} Member
 * @typedef {{
 *   id: string, name: string, time_zone: string, reminder_hour: number | null, created_at: string, members: number,
 *   version: number, position: number, role: Role,
 * }} Workspace
 * @typedef {{id: string, task: string, author: string, body: string, created_at: string, edited_at: string | null}} Comment
 * @typedef {{at: string} | {before: string, of?: "due" | "start"}} Trigger
 * @typedef {{
 *   id: string, task: string, user: string, trigger: Trigger, state: string, scheduled_for: string | null,
 *   fired_at: string | null, late_by_seconds: number | null, snoozed_from: string | null, created_at: string,
 *   channels: string[], deliveries: any[], repeat: any, repeats_left: number,
 * }} Reminder
 * @typedef {{
 *   id: string, template: any, rule: string, anchor: When, rdate: string[], exdate: string[], missed: string,
 *   after_completion: boolean, stop_after: number | null, ahead: string | null, state: string, description: string,
 *   next: string | null, next_at: string | null, open: string[], completions: number, overrides: Override[],
 *   ends_before: string | null, previous: string | null, following: string | null, version: number, position: number,
 * }} Series
 * @typedef {{original: string, skipped?: boolean, due?: When | null, fields?: Record<string, any>}} Override
 * @typedef {{occurrence: string, due: When, instant: string, state: string, task: string | null, title: string}} Occurrence
 * @typedef {{
 *   occurrences: number, still_open: number, done: number, late: number, skipped: number, missed: number, cancelled: number,
 *   postponed: number, streak: number, longest_streak: number, average_late_seconds: number | null, done_ratio: number | null,
 * }} Figures
 * @typedef {{id: string, name: string, filter: string, q: string, sort: string, colour?: string, shared: boolean, user: string, order: string, version: number}} Filter
 *
 * @typedef {{
 *   position: number, id: string, type: string, at: string, actor: string, command: string, task: string | null,
 *   version: number | null, data: any, undoes?: number,
 * }} Event
 * @typedef {{
 *   type?: string, title: string, status?: number, detail: string, code: string,
 *   errors?: {pointer: string, detail: string}[], conflicts?: Event[], parameter?: string, position?: number, hint?: string,
 * }} Problem
 * @typedef {{id: string, status: "pending" | "accepted" | "refused" | "unknown", events: Event[], problem?: Problem | null}} Outcome
 * @typedef {{position: number, at: string, actor: string, command: string, type: string, task: string | null, project?: string | null,
 *   changes: {field: string, before: any, after: any}[], undoes?: number}} Entry
 *
 * @typedef {{type: string, task?: string, id?: string, [field: string]: any}} Command
 * @typedef {{view?: string, project?: string, task?: string, field?: string, selection?: [number, number], text?: string}} Where
 * @typedef {{client: string, user: string, where: Where | null}} Here
 */
export {};
