// Prints the status of a GET with Node's https: URL, file of the authority, header Authorization.
import { readFileSync } from "node:fs";
import { get } from "node:https";

const [url, authority, authorization] = process.argv.slice(2);
get(url, { ca: readFileSync(authority), headers: { Authorization: authorization } }, async (response) => {
  let body = "";
  for await (const chunk of response) body += chunk;
  console.log(response.statusCode, body);
});
