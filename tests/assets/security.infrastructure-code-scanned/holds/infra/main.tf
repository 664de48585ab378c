resource "aws_sqs_queue" "tickets" {
  name                    = "tickets"
  sqs_managed_sse_enabled = true
}
