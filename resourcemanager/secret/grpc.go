package secret

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const header = "authorization"

// DialOptions make a gRPC client carry the secret. On a network that others can listen on, it wants TLS beneath.
func (s Secret) DialOptions() []grpc.DialOption {
	if s.IsZero() {
		return nil
	}
	return []grpc.DialOption{grpc.WithPerRPCCredentials(bearer{s})}
}

type bearer struct{ s Secret }

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{header: b.s.Bearer()}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (bearer) RequireTransportSecurity() bool { return false }

// ServerOptions make a gRPC server refuse calls without the secret.
func (s Secret) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			if err := s.admit(ctx); err != nil {
				return nil, err
			}
			return handler(ctx, request)
		}),
		grpc.StreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if err := s.admit(stream.Context()); err != nil {
				return err
			}
			return handler(server, stream)
		}),
	}
}

func (s Secret) admit(ctx context.Context) error {
	given := ""
	if all := metadata.ValueFromIncomingContext(ctx, header); len(all) == 1 {
		given = all[0]
	}
	if !s.MatchesBearer(given) {
		return status.Error(codes.Unauthenticated, "the caller does not have the cluster's secret: give it the file that cluster.secret-file names")
	}
	return nil
}
