package process

import "syscall"

// DiesWithParent has the kernel send a signal to the process that is started when this one has died, however it did: more precisely
// the thread that starts it, and Go ends no thread but those that goroutines leave locked.
func DiesWithParent(a *syscall.SysProcAttr, signal syscall.Signal) { a.Pdeathsig = signal }
