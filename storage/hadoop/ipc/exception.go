package ipc

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// Class is the name of a Java exception without its package. As an error it stands for all RemoteExceptions of that class:
//
//	errors.Is(err, ipc.StandbyException)
type Class string

// Classes that decide what a client does next.
const (
	StandbyException           Class = "StandbyException"
	RetriableException         Class = "RetriableException"
	ServerTooBusyException     Class = "ServerTooBusyException"
	AccessControlException     Class = "AccessControlException"
	AuthorizationException     Class = "AuthorizationException"
	SaslException              Class = "SaslException"
	InvalidToken               Class = "InvalidToken"
	FileNotFoundException      Class = "FileNotFoundException"
	FileAlreadyExistsException Class = "FileAlreadyExistsException"
)

func (c Class) Error() string { return string(c) }

// RemoteException is an exception that the server has answered with. All but fatal ones leave the connection intact.
type RemoteException struct {
	Method  string // the call; empty if the connection was refused
	Server  string // host:port
	Class   string // with its Java package; empty in answers of very old servers
	Message string // one line
	Stack   string // the Java stack, from the second line on; may be empty
	Fatal   bool   // the server has closed the connection
	Code    wire.RpcResponseHeader_ErrorCode
}

func newException(header *wire.RpcResponseHeader, server string) *RemoteException {
	message, stack, _ := strings.Cut(header.GetErrorMsg(), "\n")
	return &RemoteException{
		Server: server, Class: header.GetExceptionClassName(), Message: strings.TrimSpace(message), Stack: stack,
		Fatal: header.GetStatus() == wire.RpcResponseHeader_FATAL, Code: header.GetErrorDetail(),
	}
}

// Short is the class without its Java package and outer classes.
func (e *RemoteException) Short() Class {
	return Class(e.Class[strings.LastIndexAny(e.Class, ".$")+1:])
}

// Is makes errors.Is(err, class) work.
func (e *RemoteException) Is(target error) bool {
	class, ok := target.(Class)
	return ok && (class == e.Short() || string(class) == e.Class)
}

// Error is the class and the message without the Java stack.
func (e *RemoteException) Error() string {
	what := string(e.Short())
	if what == "" {
		what = "error " + e.Code.String()
	}
	if e.Message != "" {
		what += ": " + e.Message
	}
	if e.Method == "" {
		return fmt.Sprintf("%s refuses the connection: %s", e.Server, what)
	}
	return fmt.Sprintf("%s of %s: %s", e.Method, e.Server, what)
}
