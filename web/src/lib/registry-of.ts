/** The registry that the name of an image leads to, as Docker reads names; empty where there is no name yet. */
export function registryOf(image: string): string {
  const name = image.trim();
  if (!name) return "";
  const [host = "", ...rest] = name.split("/");
  if (!rest.length || !(host === "localhost" || /[.:]/.test(host))) return "docker.io";
  return host === "index.docker.io" ? "docker.io" : host;
}
