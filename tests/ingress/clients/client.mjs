// Sends a GET with Node's https, and prints the status and body of the response.
// Arguments: URL, file with the CA certificate, value of the header Authorization.
import { readFileSync } from "node:fs";
import { get } from "node:https";

const [url, authority, authorization] = process.argv.slice(2);
get(url, { ca: readFileSync(authority), headers: { Authorization: authorization } }, async (response) => {
  let body = "";
  for await (const chunk of response) body += chunk;
  console.log(response.statusCode, body);
});
