# What the token needs that leat is given: nomad acl policy apply -description "Leat" leat scripts/nomad/policy.hcl
namespace "default" {
  capabilities = ["list-jobs", "read-job", "submit-job", "dispatch-job", "read-logs"]
  variables {
    path "nomad/jobs/leat-*" {
      capabilities = ["read", "write", "list", "destroy"]
    }
  }
}

# leat nomad check counts nodes.
node {
  policy = "read"
}
