package hdfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/colinmarc/hdfs/v2"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/ipc"
)

var (
	errNotDirectory = errors.New("not a directory")
	errIsDirectory  = errors.New("is a directory")
	errParentIsFile = errors.New("a parent of the path is a file")
	errAnswerLost   = errors.New("the connection broke before the NameNode's answer, and now the file exists")
	errReplaced     = errors.New("the file was replaced while it was read")
	errAborted      = errors.New("the file was aborted")
	errReplicating  = errors.New("the NameNode does not know of enough replicas of the last block")
	errNodes        = errors.New("too many DataNodes have failed")
	errTaken        = errors.New("the file was removed, or taken over by another, while it was written")
	errErasureCoded = errors.New("erasure coding is not supported; use a directory whose policy is replication " +
		"(hdfs ec -setPolicy -replicate -path DIR)")
	errEncrypted = errors.New("encryption zones are not supported; use a directory outside of them")
)

// Hadoop's exceptions by the last part of the class name. Those of kind ErrBusy are retried.
var exceptionKinds = map[string]error{
	"FileNotFoundException":               filesystem.ErrNotExist,
	"PathIsNotEmptyDirectoryException":    filesystem.ErrExist,
	"FileAlreadyExistsException":          filesystem.ErrExist,
	"AlreadyBeingCreatedException":        filesystem.ErrExist,
	"AccessControlException":              filesystem.ErrPermission,
	"DSQuotaExceededException":            filesystem.ErrNoSpace,
	"NSQuotaExceededException":            filesystem.ErrNoSpace,
	"QuotaByStorageTypeExceededException": filesystem.ErrNoSpace,
	"SafeModeException":                   filesystem.ErrBusy,
	"RetriableException":                  filesystem.ErrBusy,
	"StandbyException":                    filesystem.ErrBusy,
	"RecoveryInProgressException":         filesystem.ErrBusy,
	"NotReplicatedYetException":           filesystem.ErrBusy,
	"ServerTooBusyException":              filesystem.ErrBusy,
}

// exception returns the short class name and the first line of the message of a Hadoop exception.
func exception(err error) (class, message string, ok bool) {
	var own *ipc.RemoteException
	if errors.As(err, &own) {
		return string(own.Short()), own.Message, true
	}
	var remote hdfs.Error
	if !errors.As(err, &remote) {
		return "", "", false
	}
	class = remote.Exception()
	class = class[strings.LastIndexAny(class, ".$")+1:]
	message, _, _ = strings.Cut(remote.Message(), "\n")
	return class, message, true
}

// isStarting tells whether a NameNode is in safe mode because it has just begun, not because somebody wants it to be.
func isStarting(err error) bool {
	var own *ipc.RemoteException
	if errors.As(err, &own) {
		return own.Short() == "SafeModeException" && !strings.Contains(own.Message+own.Stack, turnedOn)
	}
	var remote hdfs.Error
	return errors.As(err, &remote) && strings.HasSuffix(remote.Exception(), ".SafeModeException") && !strings.Contains(remote.Message(), turnedOn)
}

// turnedOn is what a NameNode says of a safe mode that an administrator has to end.
const turnedOn = "turned on manually"

// local adds to an exception of our own client the error of package os that the library would give.
func local(err error) error {
	class, _, ok := exception(err)
	if kind := exceptionKinds[class]; ok && kind != nil && kind != filesystem.ErrBusy {
		return fmt.Errorf("%w: %w", kind, err)
	}
	return err
}

// belowFile gives the error of a path that leads through a file the kind that it has for the operation.
func belowFile(err, kind error) error {
	class, _, _ := exception(err)
	if class == "ParentNotDirectoryException" || errors.Is(err, errParentIsFile) {
		return fmt.Errorf("%w: %w", kind, errParentIsFile)
	}
	return err
}

// fail makes a PathError with kind and remedy.
func (f *fileSystem) fail(op, p string, err error) error {
	if err == nil {
		return nil
	}
	var known *filesystem.PathError
	if errors.As(err, &known) {
		return err
	}
	out := &filesystem.PathError{Op: op, Path: f.url(p), Err: err}
	class, message, remote := exception(err)
	switch {
	case errors.Is(err, ipc.ErrLogin):
		out.Kind = filesystem.ErrPermission
		return out
	case errors.Is(err, ipc.ErrUnreachable):
		out.Kind = filesystem.ErrBusy
		return out
	case remote:
		out.Kind = kindOf(class, err)
		out.Err = &remoteError{text: class + ": " + message, err: err}
		noTarget(out, message)
	case isPermanent(err):
		made := filesystem.NewPathError(op, out.Path, err)
		errors.As(made, &out)
	default: // the connection to all DataNodes of a block
		out.Kind = filesystem.ErrBusy
		out.Remedy = "check that the NameNode " + f.client.String() + " and the DataNodes are up and can be reached from here"
	}
	if out.Kind == filesystem.ErrPermission {
		out.Remedy = "check the rights of user " + f.client.user() + " on the path and its parent directories"
	}
	return out
}

// kindOf is the kind of a Hadoop exception, unless belowFile or Rename has found out what it means.
func kindOf(class string, err error) error {
	for _, kind := range []error{filesystem.ErrExist, filesystem.ErrNotExist} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return exceptionKinds[class]
}

// noTarget tells a cluster without room from one without DataNodes.
func noTarget(out *filesystem.PathError, message string) {
	if !strings.Contains(message, "could only be") {
		return
	}
	if strings.Contains(message, "There are 0 datanode(s) running") {
		out.Kind, out.Remedy = filesystem.ErrBusy, "start the DataNodes"
		return
	}
	out.Kind, out.Remedy = filesystem.ErrNoSpace, "free space on the DataNodes, and check that enough of them are alive"
}

// remoteError shows a Hadoop exception in one line, without its Java stack.
type remoteError struct {
	text string
	err  error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.err }

// isPermanent tells whether trying again is of no use. What is neither a Hadoop exception nor one of the library's plain
// answers is a fault of a connection.
func isPermanent(err error) bool {
	if errors.Is(err, ipc.ErrLogin) {
		return true
	}
	if class, _, ok := exception(err); ok {
		return exceptionKinds[class] != filesystem.ErrBusy
	}
	for _, answer := range []error{os.ErrNotExist, os.ErrExist, os.ErrPermission, os.ErrInvalid, syscall.ENOTEMPTY,
		context.Canceled, context.DeadlineExceeded, errNotDirectory, errIsDirectory, errParentIsFile, errReplaced, errAborted,
		errErasureCoded, errEncrypted, errTaken, conf.ErrConfiguration} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}
