export { FlinkMock, start } from "./lib/flinkmock.js";
export { FlinkMockError } from "./lib/control.js";
