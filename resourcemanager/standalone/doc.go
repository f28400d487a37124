// Package standalone is the Provider of clusters whose workers come by themselves: started by scripts/taskmanager.sh, systemd,
// a container or by hand. It starts and stops nothing; jobs wait for slots until somebody brings them.
package standalone
