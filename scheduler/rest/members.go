package rest

import (
	"net/http"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// members lists the JobManagers as the leader, which answers, knows them.
func (s *Server) members(*http.Request) (any, error) {
	all, err := s.opt.JobManager.Members()
	if err != nil {
		return nil, err
	}
	x := messages.Members{Members: []messages.Member{}}
	s.opt.JobManager.View(func(st *job.State) { x.Generation, x.Term = st.Generation, st.Term })
	for _, m := range all {
		x.Members = append(x.Members, messages.Member{ID: m.ID, Address: m.Control, Answers: m.Answers, Leader: m.Control == s.opt.JobManager.Member().Control})
	}
	return x, nil
}

func (s *Server) addMember(r *http.Request) (any, error) {
	var n messages.NewMember
	if err := decode(r, &n); err != nil {
		return nil, err
	}
	id, err := s.opt.JobManager.AddMember(r.Context(), n.Address)
	return messages.MemberAdded{ID: id}, err
}

func (s *Server) removeMember(r *http.Request) (any, error) {
	return struct{}{}, s.opt.JobManager.RemoveMember(r.Context(), r.PathValue("member"))
}

func (s *Server) transfer(r *http.Request) (any, error) {
	return struct{}{}, s.opt.JobManager.Transfer(r.Context(), r.PathValue("member"))
}
