package rm

import (
	"context"
	"sync/atomic"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
)

// Scheduler calls the port of ApplicationMasters. It is safe for concurrent use, but heartbeats are a sequence: one at a time.
type Scheduler struct {
	rpc   *ipc.Client
	token atomic.Pointer[credentials.Token]
}

// UseToken replaces the token that connections log in by; the one that is open stays.
func (s *Scheduler) UseToken(t *credentials.Token) { s.token.Store(t) }

// Register begins an attempt's work, or its work with another ResourceManager.
func (s *Scheduler) Register(ctx context.Context, request *wire.RegisterApplicationMasterRequest) (*wire.RegisterApplicationMasterResponse, error) {
	answer := &wire.RegisterApplicationMasterResponse{}
	return answer, s.rpc.Call(ctx, "registerApplicationMaster", request, answer)
}

// Allocate is a heartbeat. The same request may be sent again: the ResourceManager knows it by its response id.
func (s *Scheduler) Allocate(ctx context.Context, request *wire.AllocateRequest) (*wire.AllocateResponse, error) {
	answer := &wire.AllocateResponse{}
	return answer, s.rpc.Call(ctx, "allocate", request, answer)
}

// Finish ends the application. It is to be repeated until the answer says that it is unregistered.
func (s *Scheduler) Finish(ctx context.Context, request *wire.FinishApplicationMasterRequest) (*wire.FinishApplicationMasterResponse, error) {
	answer := &wire.FinishApplicationMasterResponse{}
	return answer, s.rpc.Call(ctx, "finishApplicationMaster", request, answer)
}

// Close ends the connection.
func (s *Scheduler) Close() { s.rpc.Close() }
