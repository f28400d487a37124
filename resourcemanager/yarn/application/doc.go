// Package application is what runs in an application's containers: what YARN tells a process there, and an attempt of the
// ApplicationMaster, put together from the packages beside it.
//
// A Container is the environment of a process that YARN has started. A Description is what whoever submits tells the
// ApplicationMaster in a file: the program, the files of workers. An Attempt registers with YARN, starts workers by its
// Provider, and unregisters with what the application has come to. The secret of the cluster travels with the tokens.
//
// Start reading at Begin.
package application
