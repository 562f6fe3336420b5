/** Speed and time left of a transfer, from the last few seconds rather than from its whole past. */

export type Sample = { at: number; bytes: number };
export type Pace = { bytesPerSecond: number; secondsLeft: number | null };

const WINDOW_MS = 6000;

/** Adds a sample (`at` in milliseconds) and drops those that are too old; the oldest kept one may be older. */
export function addSample(samples: Sample[], sample: Sample): Sample[] {
  const recent = samples.filter((old) => sample.at - old.at <= WINDOW_MS);
  return [...recent, sample];
}

export function paceOf(samples: Sample[], total: number): Pace {
  const first = samples[0];
  const last = samples[samples.length - 1];
  if (!first || !last || last.at === first.at) return { bytesPerSecond: 0, secondsLeft: null };
  const bytesPerSecond = ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  return { bytesPerSecond, secondsLeft: bytesPerSecond > 0 ? (total - last.bytes) / bytesPerSecond : null };
}
