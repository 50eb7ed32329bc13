/** An error that a stand-in for AWS answers with, under the name that the service and its SDK client use. */
export class ApiError extends Error {
  readonly statusCode: number;
  constructor(name: string, message: string, statusCode = 400) {
    super(message);
    this.name = name;
    this.statusCode = statusCode;
  }
}
