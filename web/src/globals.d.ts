/** The version of the web app, put in by the build. */
declare const __APP_VERSION__: string
