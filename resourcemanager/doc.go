// Package resourcemanager is the room for where worker processes come from: one interface, Provider, and a folder for
// each kind of cluster (local, standalone, yarn, nomad). It is empty as long as all tasks of a job run in one process;
// see package scheduler.
package resourcemanager
