import { z } from 'zod';
import { requestDigest, ServiceRequest } from './service';

/** Path in each repository of the file that says which request made it. */
export const MARKER_PATH = '.airpay/task.json';

const markerSchema = z.object({
  taskId: z.string(),
  requestedBy: z.string(),
  requestDigest: z.string(),
});

/** Who made a repository, and from which form values. */
export type Marker = z.infer<typeof markerSchema>;

/** The marker of a request, as it is or will be written into its repositories. */
export function markerOf(context: { task: { id: string }; user?: { ref?: string } }, request: ServiceRequest): Marker {
  return {
    taskId: context.task.id,
    requestedBy: context.user?.ref ?? 'unknown',
    requestDigest: requestDigest(request),
  };
}

export function writeMarker(marker: Marker): string {
  return `${JSON.stringify(marker, undefined, 2)}\n`;
}

/** @returns undefined when the text is not a marker */
export function readMarker(text: string): Marker | undefined {
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Whether a repository belongs to this very request: the same person with the same values. The task may be another one,
 * since somebody whose run broke off starts again from the form.
 */
export function isOwn(found: Marker | undefined, wanted: Marker): boolean {
  return found?.requestedBy === wanted.requestedBy && found.requestDigest === wanted.requestDigest;
}
