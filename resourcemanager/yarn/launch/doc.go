// Package launch makes YARN's launch contexts: which files a container gets, its environment, its command, its tokens, and who
// may see and end the application.
//
// NodeManagers write environment and command into a script without quoting them, and replace {{NAME}}, <CPS> and <LOG_DIR>
// before. Values of the environment are quoted here, so that any value arrives; words of a command must need no quoting, for
// there are two shells between: what is free text goes by the environment or a file.
//
// Start reading at Launch.
package launch
