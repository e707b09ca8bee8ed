"""A stand-in for four providers' APIs over real sockets, with faults and without a model.

It speaks OpenAI's chat completions and responses, Anthropic's messages and Gemini's
generateContent. What it says depends on the prompt alone, and so does what goes wrong.
"""
