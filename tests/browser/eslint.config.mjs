/* What is never right in a module of web/: a name that nobody defined or
 * imported, one that nobody uses, and what cannot run. */
const BROWSER = ["AbortController", "Blob", "CSS", "EventSource", "File", "FormData",
    "URL", "URLSearchParams", "addEventListener",
    "clearInterval", "clearTimeout", "document", "fetch", "history",
    "localStorage", "location", "print", "scrollTo",
    "setInterval", "setTimeout", "window"];

export default [{
    files: ["web/**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module",
        globals: Object.fromEntries(BROWSER.map(name => [name, "readonly"])) },
    rules: { "no-undef": "error", "no-unused-vars": "error",
        "no-unreachable": "error", "no-dupe-keys": "error",
        "no-const-assign": "error", "no-redeclare": "error" },
}];
