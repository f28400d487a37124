# A program as a job that is run by dispatch, each time in a cluster of its own that asks Nomad for workers:
#
#   nomad job run -var artifact=... -var checksum=sha256:... -var program=... -var program_checksum=sha256:... scripts/nomad/application.nomad.hcl
#   nomad job dispatch -meta arguments="--date 2026-11-20" report
#
# The task is the command that waits, so its exit code is the program's. With ACLs its workload identity needs the rights of
# policy.hcl: nomad acl policy apply -namespace default -job report leat-report scripts/nomad/policy.hcl

variable "artifact" {
  type        = string
  description = "URL of the binary leat"
}

variable "checksum" {
  type        = string
  description = "sha256:... of it"
}

variable "program" {
  type        = string
  description = "URL of the program"
}

variable "program_checksum" {
  type        = string
  description = "sha256:... of it"
}

variable "driver" {
  type    = string
  default = "exec"
}

variable "parallelism" {
  type    = number
  default = 2
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

job "report" {
  type        = "batch"
  datacenters = var.datacenters

  parameterized {
    payload       = "forbidden"
    meta_optional = ["arguments"]
  }

  meta {
    arguments = ""
  }

  group "client" {
    # A run that has failed is told of; who dispatches it decides whether it is to be run again.
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts = 0
    }

    # What nodes fetch, they fetch from this one's address.
    network {
      port "node" {}
    }

    task "leat" {
      driver       = var.driver
      kill_timeout = "30s"

      config {
        # Downloads are not executable.
        command = "/bin/sh"
        args = ["-c", <<-EOF
          install -D -m 755 -t $NOMAD_TASK_DIR/bin $NOMAD_TASK_DIR/leat $NOMAD_TASK_DIR/program &&
          exec $NOMAD_TASK_DIR/bin/leat run -t nomad-application -p ${var.parallelism} -D nomad.driver=${var.driver} $NOMAD_TASK_DIR/bin/program $NOMAD_META_arguments
          EOF
        ]
      }

      # It speaks to its node's agent as itself.
      identity {
        env = true
      }

      env {
        HOME = "${NOMAD_TASK_DIR}"
      }

      artifact {
        source      = var.artifact
        destination = "local/leat"
        mode        = "file"
        options {
          checksum = var.checksum
        }
      }

      artifact {
        source      = var.program
        destination = "local/program"
        mode        = "file"
        options {
          checksum = var.program_checksum
        }
      }

      resources {
        cpu    = 200
        memory = 256
      }
    }
  }
}
