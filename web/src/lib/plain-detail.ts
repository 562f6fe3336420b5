/** A server's complaint about a field in words; names are checked by a pattern, which tells people nothing. */
export function plainDetail(field: string, detail: string): string {
  const isName = field === "name" || field === "username";
  if (!isName || !detail.includes("should match pattern")) return detail;
  return "Use lower-case letters and digits, with . _ - only between them.";
}
